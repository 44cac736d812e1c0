/** The CUDA device: memory, streams, graphs and modules over the driver, and the weights on it. */
@NullMarked
package org.drag4j.kernels.cuda;

import org.jspecify.annotations.NullMarked;

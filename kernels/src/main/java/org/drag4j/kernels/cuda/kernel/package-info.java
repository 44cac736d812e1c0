/** The CUDA kernels: their sources, the layout of their arguments, and how they are launched. */
@NullMarked
package org.drag4j.kernels.cuda.kernel;

import org.jspecify.annotations.NullMarked;

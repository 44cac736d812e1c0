/** NVIDIA's libraries as Java sees them: where they are, how they are called, how they fail. */
@NullMarked
package org.drag4j.kernels.cuda.driver;

import org.jspecify.annotations.NullMarked;

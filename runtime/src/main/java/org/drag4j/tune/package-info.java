/** Choice between kernels by measuring them on the device at hand, and where that is kept. */
@NullMarked
package org.drag4j.tune;

import org.jspecify.annotations.NullMarked;

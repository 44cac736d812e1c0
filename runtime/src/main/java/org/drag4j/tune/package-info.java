/** Choice of kernels by measurement on the device at hand, and the file that keeps it. */
@NullMarked
package org.drag4j.tune;

import org.jspecify.annotations.NullMarked;

/**
 * The CPU device: kernels in pure Java on {@code float[]}, by the Vector API where there is one.
 */
@NullMarked
package org.drag4j.kernels.cpu;

import org.jspecify.annotations.NullMarked;

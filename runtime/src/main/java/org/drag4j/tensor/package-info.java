/** Shapes, element types, device storage and the weights a network is loaded from. */
@NullMarked
package org.drag4j.tensor;

import org.jspecify.annotations.NullMarked;

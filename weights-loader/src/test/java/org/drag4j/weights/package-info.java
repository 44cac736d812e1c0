/** Tests of the checkpoint readers and writers, damaged files included. */
@NullMarked
package org.drag4j.weights;

import org.jspecify.annotations.NullMarked;

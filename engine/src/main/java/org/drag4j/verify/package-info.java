/** Compares this engine with recordings of the reference implementations. */
@NullMarked
package org.drag4j.verify;

import org.jspecify.annotations.NullMarked;

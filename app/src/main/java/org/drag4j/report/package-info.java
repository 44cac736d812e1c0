/** Checks of this engine against recordings of the reference implementations. */
@NullMarked
package org.drag4j.report;

import org.jspecify.annotations.NullMarked;

/**
 * Checks of this engine: against recordings of the originals, and of devices against plain loops.
 */
@NullMarked
package org.drag4j.report;

import org.jspecify.annotations.NullMarked;

/** This engine against recordings of the reference implementations, and the checks themselves. */
@NullMarked
package org.drag4j.tests.parity;

import org.jspecify.annotations.NullMarked;

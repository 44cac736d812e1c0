/** Every operation of every backend against a scalar interpreter, with guarded buffers. */
@NullMarked
package org.drag4j.tests.conformance;

import org.jspecify.annotations.NullMarked;

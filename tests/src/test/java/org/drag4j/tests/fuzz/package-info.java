/** Parsers of outside input under coverage-guided fuzzing, and the inputs it has found. */
@NullMarked
package org.drag4j.tests.fuzz;

import org.jspecify.annotations.NullMarked;

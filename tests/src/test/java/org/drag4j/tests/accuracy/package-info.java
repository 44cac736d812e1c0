/** Networks of full size against their evaluation in double. */
@NullMarked
package org.drag4j.tests.accuracy;

import org.jspecify.annotations.NullMarked;

/** Full-size networks planned on the null device: shapes, arithmetic and memory, no weights. */
@NullMarked
package org.drag4j.tests.plans;

import org.jspecify.annotations.NullMarked;

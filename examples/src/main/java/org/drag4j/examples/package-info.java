/** Programs that use drag4j as a library. */
@NullMarked
package org.drag4j.examples;

import org.jspecify.annotations.NullMarked;

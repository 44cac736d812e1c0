/** Tests of the examples. */
@NullMarked
package org.drag4j.examples;

import org.jspecify.annotations.NullMarked;

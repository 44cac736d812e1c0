/** Mappings against recordings. */
@NullMarked
package org.drag4j.geometry;

import org.jspecify.annotations.NullMarked;

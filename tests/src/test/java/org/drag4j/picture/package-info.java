/** Fuzz targets of parsers that only the package of pictures can call. */
@NullMarked
package org.drag4j.picture;

import org.jspecify.annotations.NullMarked;

/** Fuzz targets of parsers that only the command line's own package can call. */
@NullMarked
package org.drag4j.cli;

import org.jspecify.annotations.NullMarked;

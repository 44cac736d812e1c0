/** Tests of the command line. */
@NullMarked
package org.drag4j.cli;

import org.jspecify.annotations.NullMarked;

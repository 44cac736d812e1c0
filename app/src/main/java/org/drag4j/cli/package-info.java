/** The command line: verbs, pictures as files, progress and exit codes. */
@NullMarked
package org.drag4j.cli;

import org.jspecify.annotations.NullMarked;

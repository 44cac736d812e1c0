/** The process that commands run in, and how they talk to its user. */
@NullMarked
package org.drag4j.cli.console;

import org.jspecify.annotations.NullMarked;

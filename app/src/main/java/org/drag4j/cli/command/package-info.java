/** The commands that edit, make, time and compare pictures and networks. */
@NullMarked
package org.drag4j.cli.command;

import org.jspecify.annotations.NullMarked;

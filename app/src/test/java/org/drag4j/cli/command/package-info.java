@NullMarked
package org.drag4j.cli.command;

import org.jspecify.annotations.NullMarked;

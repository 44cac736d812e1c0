@NullMarked
package org.drag4j.cli.console;

import org.jspecify.annotations.NullMarked;

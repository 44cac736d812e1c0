/** The {@code drag4j} program: its commands by name, and what becomes of failures. */
@NullMarked
package org.drag4j.cli;

import org.jspecify.annotations.NullMarked;

/** Flags that several commands have, checked and turned into what the engine takes. */
@NullMarked
package org.drag4j.cli.option;

import org.jspecify.annotations.NullMarked;

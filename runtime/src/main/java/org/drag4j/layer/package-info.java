/** The parts networks are built of, named as in diffusers. */
@NullMarked
package org.drag4j.layer;

import org.jspecify.annotations.NullMarked;

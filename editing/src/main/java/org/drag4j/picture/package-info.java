/** Pictures of 8 bits a channel, and their files. */
@NullMarked
package org.drag4j.picture;

import org.jspecify.annotations.NullMarked;

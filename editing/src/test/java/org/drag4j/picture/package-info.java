@NullMarked
package org.drag4j.picture;

import org.jspecify.annotations.NullMarked;

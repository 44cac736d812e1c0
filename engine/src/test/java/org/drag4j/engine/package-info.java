@NullMarked
package org.drag4j.engine;

import org.jspecify.annotations.NullMarked;

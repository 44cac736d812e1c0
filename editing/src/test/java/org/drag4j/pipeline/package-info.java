@NullMarked
package org.drag4j.pipeline;

import org.jspecify.annotations.NullMarked;

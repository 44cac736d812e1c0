/** The networks of one model on a device, compiled into programs that editing methods run. */
@NullMarked
package org.drag4j.pipeline;

import org.jspecify.annotations.NullMarked;

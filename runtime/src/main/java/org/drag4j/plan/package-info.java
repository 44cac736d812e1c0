/** Graphs compiled for a device: fusion, kernel selection, memory layout, replay. */
@NullMarked
package org.drag4j.plan;

import org.jspecify.annotations.NullMarked;

/** Symbolic values, the closed set of operations, and the hooks that edit a graph. */
@NullMarked
package org.drag4j.graph;

import org.jspecify.annotations.NullMarked;

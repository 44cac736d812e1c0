/** Measures networks and edits, and checks devices against plain loops. */
@NullMarked
package org.drag4j.study;

import org.jspecify.annotations.NullMarked;

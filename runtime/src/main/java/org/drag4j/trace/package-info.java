/** What a plan did and what it cost. */
@NullMarked
package org.drag4j.trace;

import org.jspecify.annotations.NullMarked;

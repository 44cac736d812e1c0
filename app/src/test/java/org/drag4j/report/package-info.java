/** What reports say. */
@NullMarked
package org.drag4j.report;

import org.jspecify.annotations.NullMarked;

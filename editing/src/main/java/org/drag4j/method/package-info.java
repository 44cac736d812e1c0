/** Editing methods, one file each, written against the session that an edit opens for them. */
@NullMarked
package org.drag4j.method;

import org.jspecify.annotations.NullMarked;

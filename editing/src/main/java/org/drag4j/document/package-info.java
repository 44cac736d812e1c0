/** The edit document: its words, how they are read and written, and how they are checked. */
@NullMarked
package org.drag4j.document;

import org.jspecify.annotations.NullMarked;

/** The edit document, pictures, and the pipeline that carries an edit out. */
@NullMarked
package org.drag4j.edit;

import org.jspecify.annotations.NullMarked;

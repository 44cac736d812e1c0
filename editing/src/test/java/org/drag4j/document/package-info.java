/** Tests of the edit document, of pictures and of the pipeline. */
@NullMarked
package org.drag4j.document;

import org.jspecify.annotations.NullMarked;

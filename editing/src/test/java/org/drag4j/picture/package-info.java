/** Tests of the edit document, of pictures and of the pipeline. */
@NullMarked
package org.drag4j.picture;

import org.jspecify.annotations.NullMarked;

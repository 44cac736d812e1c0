/** From a prompt to the text encoder's context: CLIP's tokenizer and its networks. */
@NullMarked
package org.drag4j.text;

import org.jspecify.annotations.NullMarked;

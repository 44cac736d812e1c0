/** Checkpoints: safetensors files, model folders, their configurations and vocabularies. */
@NullMarked
package org.drag4j.weights;

import org.jspecify.annotations.NullMarked;

/** Reads the reference tensors recorded from the Python tools. */
@NullMarked
package org.drag4j.recording;

import org.jspecify.annotations.NullMarked;

/** Editing methods, written against a denoiser whose self-attention can be read and replaced. */
@NullMarked
package org.drag4j.method;

import org.jspecify.annotations.NullMarked;

/** The autoencoder between pictures and latents. */
@NullMarked
package org.drag4j.vae;

import org.jspecify.annotations.NullMarked;

/**
 * Pictures: their pixels, and how these come from files and go to them.
 *
 * {@snippet :
 * var photo = PictureFiles.read(Path.of("photo.jpg"));
 * PictureFiles.writePng(photo.resized(512, 512), Path.of("small.png"), Map.of("Comment", "a cat"));
 * }
 */
@NullMarked
package org.drag4j.picture;

import org.jspecify.annotations.NullMarked;

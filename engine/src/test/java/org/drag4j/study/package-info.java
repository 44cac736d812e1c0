@NullMarked
package org.drag4j.study;

import org.jspecify.annotations.NullMarked;

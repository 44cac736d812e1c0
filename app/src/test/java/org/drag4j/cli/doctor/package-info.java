@NullMarked
package org.drag4j.cli.doctor;

import org.jspecify.annotations.NullMarked;

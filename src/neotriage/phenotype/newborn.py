"""Findings that a newborn cannot show, whose absence says nothing of a disease.

Two sources: HPO's own onset beside an annotation (`phenotype.hpoa`, column onset), where it is later than infancy; and
terms whose HPO definition asks for an age or a skill that a newborn has not reached (speech, walking, schooling, teeth,
puberty). A term counts with all its descendants. A finding that the patient does have counts always.
"""

from __future__ import annotations

__all__ = ["LATE_ONSETS", "LATE_TERMS"]

LATE_ONSETS = frozenset(
    {
        "HP:0011463",  # Childhood onset
        "HP:0003621",  # Juvenile onset
        "HP:0003581",  # Adult onset
        "HP:0011462",  # Young adult onset
        "HP:0025708",  # Early young adult onset
        "HP:0025709",  # Intermediate young adult onset
        "HP:0025710",  # Late young adult onset
        "HP:0003596",  # Middle age onset
        "HP:0003584",  # Late onset
    }
)

LATE_TERMS = (
    "HP:0000144",  # Decreased fertility
    "HP:0000670",  # Carious teeth
    "HP:0000726",  # Dementia
    "HP:0000729",  # Autistic behavior
    "HP:0001249",  # Intellectual disability
    "HP:0001260",  # Dysarthria
    "HP:0001288",  # Gait disturbance
    "HP:0001328",  # Specific learning disability
    "HP:0002167",  # Abnormal speech pattern
    "HP:0002315",  # Headache
    "HP:0002376",  # Developmental regression
    "HP:0002505",  # Loss of ambulation
    "HP:0002540",  # Inability to walk
    "HP:0003546",  # Exercise intolerance
    "HP:0003551",  # Difficulty climbing stairs
    "HP:0006292",  # Abnormality of dental eruption
    "HP:0006480",  # Premature loss of teeth
    "HP:0007018",  # Attention deficit hyperactivity disorder
    "HP:0008373",  # Puberty and gonadal disorders
    "HP:0009046",  # Difficulty running
    "HP:0012378",  # Fatigue
    "HP:0012758",  # Neurodevelopmental delay
    "HP:0034434",  # Abnormal communication
    "HP:0100543",  # Cognitive impairment
)
